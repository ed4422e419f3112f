variable "vault_name" {
  description = "Where copies are kept."
  type        = string
  default     = "default"
}

variable "vault_key_arn" {
  type    = string
  default = null
}

variable "vault_locked" {
  description = "Nobody can delete, not even you."
  type        = bool
  default     = false
  nullable    = false
}

variable "plan_name" {
  type = string
}

variable "rules" {
  description = "`schedule`, `delete_after`, `copy_to`."
  type        = list(any)
  default     = []
}

variable "selection_tags" {
  type    = list(map(string))
  default = []
}

variable "resources" {
  type    = list(string)
  default = ["*"]
}

variable "not_resources" {
  type    = list(string)
  default = []
}

variable "schedule" {
  type    = string
  default = "cron(0 5 ? * * *)"
}

variable "delete_after" {
  description = "Days."
  type        = number
  default     = 35
  nullable    = false
}

variable "cold_after" {
  description = "Days."
  type        = number
  default     = null
}

variable "copy_to" {
  description = "Vaults elsewhere."
  type        = list(string)
  default     = []
}

variable "notify" {
  type    = string
  default = null
}

variable "notify_events" {
  type    = list(string)
  default = ["BACKUP_JOB_FAILED"]
}

variable "report_enabled" {
  type    = bool
  default = false
}

variable "windows_vss" {
  type    = bool
  default = false
}

variable "role_arn" {
  type    = string
  default = null

  validation {
    condition     = var.role_arn == null || length(coalesce(var.role_arn, "x")) < 256
    error_message = "The value of role_arn is too long."
  }
}

variable "tags" {
  type    = map(string)
  default = {}
}
