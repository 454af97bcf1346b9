-- The roles and the database of the sample, for a server that is only tried out: no passwords. One role owns the tables and is used at the start
-- alone; the other serves requests, and row-level security stands behind each of its statements.
SELECT 'CREATE ROLE orders_owner LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'orders_owner') \gexec
SELECT 'CREATE ROLE orders LOGIN NOSUPERUSER NOBYPASSRLS' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'orders') \gexec
SELECT 'CREATE DATABASE orders OWNER orders_owner' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'orders') \gexec
