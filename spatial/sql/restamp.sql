-- Another layer's commit came between: what this transaction wrote is recorded after it.
UPDATE {table}
SET recorded = CASE WHEN lower(recorded) = {stamp}
                    THEN tstzrange({later}, upper(recorded))
                    ELSE tstzrange(lower(recorded), {later}) END
WHERE lower(recorded) = {stamp} OR upper(recorded) = {stamp}
