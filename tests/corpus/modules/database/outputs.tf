output "instance" {
  description = "The whole instance."
  value       = google_sql_database_instance.default
}

output "connection_name" {
  value       = google_sql_database_instance.default.connection_name
}

output "overridden" {
  description = "As the ordinary file has it."
  value       = "first"
}
