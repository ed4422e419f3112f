terraform {
  required_version = ">= 1.8"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.40.0"
    }
    dns = {
      source  = "hashicorp/dns"
      version = "=3.4.0"
    }
  }
}

# Wie groß
variable "größe" {
  type    = number
  default = 3
}

variable "Zone" { description = "Großer Anfang" }

variable "übung" {
  type = object({
    straße  = string # mit ß
    naïveté = optional(bool, true)
  })
  default = { straße = "Hauptstraße 1", "naïveté" = false }
}

variable "名前" {
  type        = map(string)
  description = "名前の一覧 — \u00e9, \U0001F389, 🎉"
  default     = { 東京 = "とうきょう", "大阪" = "おおさか" }
}

variable "наименование" {
  default     = "имя"
  description = <<-ТЕКСТ
    Как это называется.
  ТЕКСТ
}

locals {
  größe_in_km = var.größe * 1000
  größen      = { for k, wert in var.übung : k => wert if wert != null }
}

output "größe" {
  description = "In Kilometern: ${"größe"}"
  value       = local.größe_in_km
}
