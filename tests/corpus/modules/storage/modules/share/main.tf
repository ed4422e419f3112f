variable "name" {
  type = string
}

variable "quota" {
  description = "GiB"
  type        = number
  default     = 50
}

resource "azurerm_storage_share" "this" {
  name  = var.name
  quota = var.quota
}
