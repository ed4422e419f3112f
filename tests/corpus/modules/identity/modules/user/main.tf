variable "name" {
	type = string
}

variable "force_destroy" {
	type    = bool
	default = false
}

variable "login_profile" {
	type     = bool
	default  = true
	nullable = false
}

variable "pgp_key" {
	description = "Base64, or `keybase:name`."
	type        = string
	default     = null
}

variable "path" {
	type    = string
	default = "/"

	validation {
		condition     = var.path == null || length(coalesce(var.path, "x")) < 256
		error_message = "The value of path is too long."
	}
}

# What this is about
resource "aws_iam_user" "this" {
	name = "x"
}

output "id" {
	description = "Of what was made."
	value       = aws_iam_user.this.id
}
