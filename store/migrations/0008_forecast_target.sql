-- What the target of a run is for may be one of its stages: its P85 is kept beside that of the run.

alter table forecast.run add column if not exists target_p85_at timestamptz;
