-- What the application's role may do; run after every migration.
revoke create on schema public from public;
revoke all on schema log from public;
grant usage on schema log to {app_role};
revoke all on all tables in schema log from public, {app_role};
revoke all on all functions in schema log from public, {app_role};
grant select on log.event, log.head, log.command, log.writer, log.migration to {app_role};
grant select, insert, update, delete on log.checkpoint, log.parked, log.access_token, log.session, log.scim_resource to {app_role};
grant select, insert, update on log.calendar to {app_role};
grant select, update (unmarked) on log.relay to {app_role};
grant select, insert, delete on log.subscriber to {app_role};
grant select, insert, update on log.guest_link to {app_role};
grant select, insert on log.file, log.file_part to {app_role};
grant select, insert, update on log.migration_job, log.migration_item to {app_role};
grant execute on function log.append_events, log.settle_group, log.retire_writer to {app_role};
grant connect, create, temporary on database {database} to {app_role};
grant usage on schema forecast to {app_role};
grant select, insert, update, delete on all tables in schema forecast to {app_role};
