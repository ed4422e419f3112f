variable "name" {
  type      = string
  nullable  = false
  sensitive = true
}

variable "generation" {
  type        = number
  default     = 1
  description = "Raise it to write anew"
  validation {
    condition     = var.generation == floor(var.generation)
    error_message = "A whole number."
  }
  validation {
    condition     = var.generation < 1000 && length(var.mounts) < 100
    error_message = "Too many."
  }
}

variable "mounts" {
  type    = list(string)
  default = []
}

variable "token" {
  type      = string
  default   = null
  ephemeral = true
  sensitive = true
}
