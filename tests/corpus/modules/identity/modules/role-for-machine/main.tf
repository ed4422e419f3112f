variable "name" {
	type = string
}

variable "services" {
	type    = list(string)
	default = ["ec2.amazonaws.com"]
}

variable "max_session" {
	description = "Seconds."
	type        = number
	default     = 3600
	nullable    = false
}

# What this is about
resource "aws_iam_role" "this" {
	name = "x"
}

output "id" {
	description = "Of what was made."
	value       = aws_iam_role.this.id
}
