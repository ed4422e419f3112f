output "arn" {
  value       = aws_secretsmanager_secret.this.arn
  description = "Where it is"
  depends_on  = [aws_secretsmanager_secret_version.this]

  precondition {
    condition     = var.generation > 0
    error_message = "Never."
  }
}

output "name" {
  value     = var.name
  sensitive = true
}
