variable "database_enabled" {
  description = "Whether a secret for database is kept."
  type        = bool
  default     = false
}

variable "database_username" {
  type    = string
  default = "database"
}

variable "database_password" {
  description = "Generated without one."
  type        = string
  default     = null
  sensitive   = true
}

variable "database_rotation_days" {
  type    = number
  default = 30
}

variable "database_readers" {
  description = "ARNs of roles."
  type        = list(string)
  default     = []
}

variable "database_tags" {
  type    = map(string)
  default = {}
}

variable "registry_enabled" {
  description = "Whether a secret for registry is kept."
  type        = bool
  default     = false
}

variable "registry_username" {
  type    = string
  default = "registry"
}

variable "registry_password" {
  description = "Generated without one."
  type        = string
  default     = null
  sensitive   = true
}

variable "registry_rotation_days" {
  type     = number
  default  = 30
  nullable = false
}

variable "registry_readers" {
  description = "ARNs of roles."
  type        = list(string)
  default     = []
}

variable "registry_tags" {
  type    = map(string)
  default = {}
}

variable "mail_enabled" {
  description = "Whether a secret for mail is kept."
  type        = bool
  default     = false
}

variable "mail_username" {
  type    = string
  default = "mail"
}

variable "mail_password" {
  description = "Generated without one."
  type        = string
  default     = null
  sensitive   = true
}

variable "mail_rotation_days" {
  type    = number
  default = 30
}

variable "mail_readers" {
  description = "ARNs of roles."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "mail_tags" {
  type    = map(string)
  default = {}
}

variable "git_enabled" {
  description = "Whether a secret for git is kept."
  type        = bool
  default     = false
}

variable "git_username" {
  type    = string
  default = "git"
}

variable "git_password" {
  description = "Generated without one."
  type        = string
  default     = null
  sensitive   = true
}

variable "git_rotation_days" {
  type    = number
  default = 30
}

variable "git_readers" {
  description = "ARNs of roles."
  type        = list(string)
  default     = []
}

variable "git_tags" {
  type     = map(string)
  default  = {}
  nullable = false
}

variable "webhook_enabled" {
  description = "Whether a secret for webhook is kept."
  type        = bool
  default     = false
}

variable "webhook_username" {
  type    = string
  default = "webhook"
}

variable "webhook_password" {
  description = "Generated without one."
  type        = string
  default     = null
  sensitive   = true
}

variable "webhook_rotation_days" {
  type    = number
  default = 30
}

variable "webhook_readers" {
  description = "ARNs of roles."
  type        = list(string)
  default     = []
}

variable "webhook_tags" {
  type    = map(string)
  default = {}
}
