variable "network_id" {
  description = "Whose traffic"
  type        = string
}

variable "bucket" {
  description = "Where to"
  type        = string
  default     = null
}

variable "enabled" {
  type     = bool
  default  = true
  nullable = false
}

resource "aws_flow_log" "this" {
  count           = var.enabled ? 1 : 0
  vpc_id          = var.network_id
  log_destination = var.bucket
  traffic_type    = "ALL"
}

output "id" {
  description = "Of the log."
  value       = one(aws_flow_log.this[*].id)
}
