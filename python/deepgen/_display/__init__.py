"""What is drawn or printed; knows no estimator."""
