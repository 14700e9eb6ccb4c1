"""From demand to orders to deliveries: what is reckoned of governed figures for planning stock. Every number
here comes out of a metric query; nothing is written, and nothing is ordered."""
