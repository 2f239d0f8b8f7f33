"""What agents say, by situation, with where the words come from."""
