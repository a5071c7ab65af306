"""What measured numbers mean: pure functions over results, without a database, a file or a clock."""
