-- Lays tables of the current schema out in hash partitions, in the transaction of the caller. Constraints, indexes, triggers and foreign
-- keys are made again from their definitions, with their names. A unique index without the key becomes one that is not unique: the
-- key belongs to every unique index of a partitioned table. Each partition gets an exclusion constraint of its own, with a number after the
-- name, which excludes the same as long as it compares the key: pg_restore and pg_upgrade cannot make one of the table and its partitions
-- again, because PostgreSQL does not compare the definitions of such indexes ("cannot attach index").
CREATE FUNCTION pg_temp.lay_out(tables text[], key text, partitions integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    relations regclass[] := ARRAY(SELECT t::regclass FROM unnest(tables) AS t);
    name      text;
    statement text;
    before    text[]; -- drops foreign keys
    after     text[]; -- makes everything again
BEGIN
    FOREACH name IN ARRAY tables LOOP
        EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', name);
    END LOOP;

    SELECT conname INTO name FROM pg_constraint
    WHERE contype = 'x' AND conrelid = ANY (relations) AND pg_get_constraintdef(oid) !~ format('[(, ]%I WITH =', key) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the exclusion constraint % does not compare %', name, key;
    END IF;

    SELECT array_agg(format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname)) INTO before
    FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 AND (conrelid = ANY (relations) OR confrelid = ANY (relations));

    SELECT array_agg(made ORDER BY rank) INTO after FROM (
        SELECT 1 AS rank, format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS made
        FROM pg_constraint WHERE contype IN ('p', 'u') AND conrelid = ANY (relations)
        UNION ALL
        SELECT 1, format('ALTER TABLE %I ADD CONSTRAINT %I %s', c.relname || '_' || i, conname || '_' || i, pg_get_constraintdef(x.oid))
        FROM pg_constraint x JOIN pg_class c ON c.oid = conrelid CROSS JOIN generate_series(0, partitions - 1) AS i
        WHERE contype = 'x' AND conrelid = ANY (relations)
        UNION ALL
        SELECT 2, CASE WHEN i.indisunique AND NOT a.attnum = ANY (i.indkey)
            THEN replace(pg_get_indexdef(i.indexrelid), 'CREATE UNIQUE INDEX', 'CREATE INDEX') ELSE pg_get_indexdef(i.indexrelid) END
        FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attname = key
        WHERE i.indrelid = ANY (relations) AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.contype IN ('p', 'u', 'x'))
        UNION ALL
        SELECT 3, format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, replace(pg_get_constraintdef(oid), ' NOT VALID', ''))
        FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 AND (conrelid = ANY (relations) OR confrelid = ANY (relations))
        UNION ALL
        SELECT 4, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal AND tgrelid = ANY (relations)
    ) AS definitions;

    FOREACH statement IN ARRAY coalesce(before, '{}') LOOP
        EXECUTE statement;
    END LOOP;
    FOREACH name IN ARRAY tables LOOP
        EXECUTE format('ALTER TABLE %I RENAME TO %I', name, name || '_before');
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING STORAGE INCLUDING COMMENTS)
            PARTITION BY HASH (%I)', name, name || '_before', key);
        FOR i IN 0 .. partitions - 1 LOOP
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES WITH (MODULUS %s, REMAINDER %s)', name || '_' || i, name, partitions, i);
        END LOOP;
        EXECUTE format('INSERT INTO %I SELECT * FROM %I', name, name || '_before');
        EXECUTE format('DROP TABLE %I', name || '_before');
    END LOOP;
    FOREACH statement IN ARRAY after LOOP
        EXECUTE statement;
    END LOOP;
END
$$;
