variable "name" {
	type = string
}

variable "trusted" {
	description = "Accounts."
	type        = list(string)
	default     = []
}

variable "mfa_required" {
	type     = bool
	default  = true
	nullable = false
}

variable "mfa_age" {
	type    = number
	default = 86400
}

# What this is about
resource "aws_iam_role" "this" {
	name = "x"
}

output "id" {
	description = "Of what was made."
	value       = aws_iam_role.this.id
}
