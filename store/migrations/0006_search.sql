-- Search looks for parts of words: trigrams, which come with PostgreSQL.

create extension if not exists pg_trgm schema public;
