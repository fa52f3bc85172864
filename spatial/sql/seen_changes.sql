-- The change log of a layer as a grant sees it: only the rows that it may see are counted.
(SELECT log.cursor, log.layer_id, log.scenario, log.at, log.author, log.action,
        count(*) FILTER (WHERE opening) AS opened, count(*) FILTER (WHERE NOT opening) AS closed
 FROM (
     SELECT lower(recorded) AS at, true AS opening FROM {table} WHERE {permitted}
     UNION ALL
     SELECT upper(recorded), false FROM {table} WHERE {permitted} AND NOT upper_inf(recorded)
 ) seen JOIN city.change log ON log.layer_id = {layer} AND log.at = seen.at
 GROUP BY log.cursor)
