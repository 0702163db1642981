-- Who was ever granted a role in the house, found without reading the log through.
create index event_house_roles on log.event (stream) where type = 'house_role_granted';
