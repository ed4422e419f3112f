variable "subnet" {
  type        = string
  description = "Name of the subnet that the rules belong to"
}

variable "rules" {
  type        = list(any)
  description = "What is let in"
  default     = []
}

resource "terraform_data" "rule" {
  count = length(var.rules)
  input = { subnet = var.subnet, rule = var.rules[count.index] }
}

output "count" {
  description = "Number of rules"
  value       = length(terraform_data.rule)
}
