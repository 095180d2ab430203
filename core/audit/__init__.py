"""Who changed what, when and from where: append-only, partitioned by month, partitions made ahead."""
