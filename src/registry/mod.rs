//! The names and meanings of response codes, methods and Q.850 causes.
