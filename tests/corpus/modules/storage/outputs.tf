output "id" {
  description = "The account's id."
  value       = azurerm_storage_account.this.id
}

output "containers" {
  value       = azurerm_storage_container.this
}

output "primary_blob_endpoint" {
  description = "Where objects are."
  value       = azurerm_storage_account.this.primary_blob_endpoint
}
