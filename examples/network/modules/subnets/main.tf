variable "name" {
  type        = string
  description = "Name of the subnet"
}

variable "cidr" {
  type        = string
  description = "Address range of the subnet"
  default     = "10.0.0.0/24"
}

variable "tier" {
  type        = string
  description = "Tier of the subnet"
  default     = "private"
}

variable "rules" {
  type        = list(any)
  description = "What is let in"
  default     = []
}

# One address range.
resource "terraform_data" "subnet" {
  input = { name = var.name, cidr = var.cidr, tier = var.tier }
}

module "rules" {
  source = "./rules"

  subnet = var.name
  rules  = var.rules
}

output "cidr" {
  description = "Address range of the subnet"
  value       = terraform_data.subnet.output.cidr
}
