CREATE TABLE shoal.visitor_counts (
    version text NOT NULL,
    day date NOT NULL,
    topic integer NOT NULL CHECK (topic >= 0),
    reports bigint NOT NULL CHECK (reports >= 0),
    PRIMARY KEY (version, day, topic)
);
COMMENT ON TABLE shoal.visitor_counts IS 'Randomized reports of visitors, as counts: no report is kept, nor who sent it.';
COMMENT ON COLUMN shoal.visitor_counts.version IS 'Mechanism, number of topics and epsilon under which the reports were randomized.';
COMMENT ON COLUMN shoal.visitor_counts.day IS 'Day of arrival, UTC.';
COMMENT ON COLUMN shoal.visitor_counts.topic IS 'Number of the topic; 0: all reports of the day, whatever they say.';
COMMENT ON COLUMN shoal.visitor_counts.reports IS 'Reports that name the topic.';
