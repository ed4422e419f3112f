variable "length" {
	type    = number
	default = 12
}

variable "symbols" {
	type    = bool
	default = true
}

variable "max_age" {
	description = "Days; 0 is for ever."
	type        = number
	default     = 0
	nullable    = false
}

# What this is about
resource "aws_iam_account_password_policy" "this" {
	name = "x"
}

output "id" {
	description = "Of what was made."
	value       = aws_iam_account_password_policy.this.id
}
