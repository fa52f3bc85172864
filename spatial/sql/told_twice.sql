-- A key of which two rows hold at the same time.
SELECT key FROM (
    SELECT key, valid, lag(valid) OVER (PARTITION BY key ORDER BY valid) AS before
    FROM (SELECT {key}::text AS key, valid FROM staged) offered
) state WHERE valid && before LIMIT 1
