# Milepost's API and worker; PostgreSQL and NATS run beside it (compose.yaml).
FROM python:3.13-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /app
COPY requirements.lock ./
RUN pip install --require-hashes --no-deps --only-binary :all: --requirement requirements.lock

COPY pyproject.toml README.md ./
COPY domain ./domain
COPY store ./store
COPY projections ./projections
COPY application ./application
COPY interchange ./interchange
COPY workers ./workers
COPY api ./api
COPY web ./web
COPY milepost ./milepost
COPY processes ./processes
RUN pip install --no-deps --no-build-isolation --no-index --editable . \
    && python -m compileall -q . \
    && useradd --system --uid 10001 --no-create-home milepost

USER 10001
EXPOSE 8000
CMD ["milepost", "api"]
