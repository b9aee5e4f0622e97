"""Functions for Invoke AWS Lambda function to try, and a server that runs them without AWS."""
