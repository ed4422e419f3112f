variable "function_name" {
  description = "Of the function, unique in an account."
  type        = string
}

variable "description" {
  type    = string
  default = ""
}

variable "handler" {
  description = "File and function, with a dot between."
  type        = string
  default     = "index.handler"
  nullable    = false
}

variable "runtime" {
  type    = string
  default = "nodejs22.x"
}

variable "architectures" {
  type    = list(string)
  default = ["arm64"]
}

variable "memory_size" {
  description = "MB."
  type        = number
  default     = 128
}

variable "ephemeral_storage_size" {
  description = "MB."
  type        = number
  default     = 512
}

variable "timeout" {
  description = "Seconds."
  type        = number
  default     = 3
}

variable "source_path" {
  description = "A directory, a list of them, or an object with `path`, `commands`, `patterns`."
  type        = any
  default     = null
}

variable "package_type" {
  description = "`Zip` or `Image`."
  type        = string
  default     = "Zip"
  nullable    = false
}

variable "image_uri" {
  type    = string
  default = null

  validation {
    condition     = var.image_uri == null || length(coalesce(var.image_uri, "x")) < 256
    error_message = "The value of image_uri is too long."
  }
}

variable "image_command" {
  type    = list(string)
  default = []
}

variable "layers" {
  type    = list(string)
  default = null
}

variable "environment" {
  description = "Variables of the environment. No secrets, please."
  type        = map(string)
  default     = {}
}

variable "dead_letter_arn" {
  type    = string
  default = null
}

variable "reserved_concurrency" {
  description = "-1 is without limit, 0 stops it."
  type        = number
  default     = -1
}

variable "provisioned_concurrency" {
  type     = number
  default  = -1
  nullable = false
}

variable "publish" {
  type    = bool
  default = false
}

variable "tracing_mode" {
  type    = string
  default = null
}

variable "network_subnet_ids" {
  type    = list(string)
  default = null
}

variable "network_security_group_ids" {
  type    = list(string)
  default = null
}

variable "role_arn" {
  type    = string
  default = ""
}

variable "policy_statements" {
  type    = any
  default = {}
}

variable "attach_logs_policy" {
  type     = bool
  default  = true
  nullable = false
}

variable "log_retention" {
  description = "Days."
  type        = number
  default     = 14
}

variable "allowed_triggers" {
  type    = map(any)
  default = {}
}

variable "event_source_mapping" {
  type    = any
  default = {}
}

variable "cors" {
  type    = any
  default = {}
}

variable "snap_start" {
  type    = bool
  default = false
}

variable "tags" {
  type    = map(string)
  default = {}
}
