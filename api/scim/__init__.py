"""SCIM 2.0 (RFC 7643, RFC 7644): the directory of the house adds, changes and deactivates people and groups."""
