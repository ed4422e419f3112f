variable "cluster_name" {
  type        = string
  description = "Name of the cluster."
}

variable "cluster_version" {
  default     = "1.31"
  type        = string
  description = "Minor version of the control plane."
}

variable "cluster_enabled_log_types" {
  default     = ["audit", "api", "authenticator"]
  type        = list(string)
  description = "Logs that the control plane writes."
  nullable    = false
}

variable "cluster_endpoint_private" {
  default = true
  type    = bool
}

variable "cluster_endpoint_public" {
  default     = false
  type        = bool
  description = "Reachable from outside."
}

variable "cluster_endpoint_public_cidrs" {
  default     = ["0.0.0.0/0"]
  type        = list(string)
  description = "From where."
}

variable "cluster_service_cidr" {
  default = null
  type    = string
}

variable "cluster_ip_family" {
  default = "ipv4"
  type    = string
}

variable "cluster_additional_security_group_ids" {
  default = []
  type    = list(string)
}

variable "cluster_timeouts" {
  default  = {}
  type     = map(string)
  nullable = false
}

variable "cluster_tags" {
  default = {}
  type    = map(string)
}

variable "control_plane_subnet_ids" {
  default = []
  type    = list(string)
}

variable "subnet_ids" {
  type        = list(string)
  description = "Where nodes run."
}

variable "network_id" {
  type = string
}

variable "authentication_mode" {
  default = "API_AND_CONFIG_MAP"
  type    = string
}

variable "bootstrap_cluster_creator_admin" {
  default = false
  type    = bool
}

variable "encryption_key_arn" {
  default = null
  type    = string

  validation {
    condition     = var.encryption_key_arn == null || length(coalesce(var.encryption_key_arn, "x")) < 256
    error_message = "The value of encryption_key_arn is too long."
  }
}

variable "encryption_key_deletion_window" {
  default     = 30
  type        = number
  description = "Days."
}

variable "encryption_key_rotation" {
  default = true
  type    = bool
}

variable "encryption_key_administrators" {
  default = []
  type    = list(string)
}

variable "log_group_retention" {
  default     = 90
  type        = number
  description = "Days."
}

variable "log_group_class" {
  default = "STANDARD"
  type    = string
}

variable "irsa_enabled" {
  default     = true
  type        = bool
  description = "Roles for service accounts."
}

variable "irsa_audiences" {
  default  = []
  type     = list(string)
  nullable = false
}

variable "irsa_thumbprints" {
  default = []
  type    = list(string)
}

variable "iam_role_name" {
  default = null
  type    = string
}

variable "iam_role_path" {
  default = null
  type    = string
}

variable "iam_role_use_prefix" {
  default = true
  type    = bool
}

variable "iam_role_additional_policies" {
  default = {}
  type    = map(string)
}

variable "node_security_group_id" {
  default = ""
  type    = string
}

variable "node_security_group_rules" {
  default     = {
    metrics = {
      protocol  = "tcp"
      from_port = 9443
      to_port   = 9443
      self      = true
    }
    dns     = {
      protocol  = "udp"
      from_port = 53
      to_port   = 53
      self      = true
      ports     = [53, 5353]
      nested    = {
        a = {
          b = [
            {
              c = null
            },
          ]
        }
      }
    }
  }
  type        = any
  description = "Further rules, by name."
  nullable    = false
}

variable "node_iam_role_additional_policies" {
  default = {}
  type    = map(string)
}

variable "addons_timeouts" {
  default = {
    create = "10m"
  }
  type    = map(string)
}

variable "autoscaler_enabled" {
  default = true
  type    = bool
}

variable "autoscaler_scale_down_ratio" {
  default = 0.65
  type    = number
}

variable "autoscaler_cool_down" {
  default = -1
  type    = number
}

variable "ingress_class" {
  default = "nginx"
  type    = string
}

variable "dns_zone" {
  default  = ""
  type     = string
  nullable = false
}

variable "dns_ttl" {
  default = 300
  type    = number
}

variable "metrics_enabled" {
  default = true
  type    = bool
}

variable "metrics_retention" {
  default = "15d"
  type    = string

  validation {
    condition     = var.metrics_retention == null || length(coalesce(var.metrics_retention, "x")) < 256
    error_message = "The value of metrics_retention is too long."
  }
}

variable "registry_mirrors" {
  default = {
    "docker.io" = ["https://mirror.example.com"]
  }
  type    = map(list(string))
}

variable "kubelet_extra_args" {
  default = "--max-pods=110 --node-labels=\"a=b\""
  type    = string
}

variable "ssh_public_keys" {
  default = []
  type    = set(string)
}

variable "tags" {
  default  = {}
  type     = map(string)
  nullable = false
}

variable "node_groups" {
  type = map(object({
    name         = optional(string)
    machine_type = optional(string, "m6i.large")
    capacity = optional(object({
      min     = optional(number, 1) # never below
      max     = optional(number, 3)
      desired = optional(number)
      # spot or not
      kind = optional(string, "ON_DEMAND")
    }), {})
    labels = optional(map(string), {})
    taints = optional(list(object({
      key    = string
      value  = optional(string)
      effect = string
    })), [])

    disk = optional(
      object({
        size       = optional(number, 50)
        encrypted  = optional(bool, true)
        throughput = optional(number)
      }),
      { size = 80, encrypted = true }
    )
    update = optional(object({ max_unavailable = optional(number), max_unavailable_percentage = optional(number, 33) }))
  })) # checked below
  default     = {}
  nullable    = false
}

variable "access_entries" {
  type = map(object({
    principal = string
    groups    = optional(list(string))
    policies = optional(map(object({
      arn = string
      scope = object({
        type       = string
        namespaces = optional(list(string), ["default", "kube-system"])
      })
    })), {})
  })) # checked below
  default     = {}
  nullable    = false
}

variable "addons" {
  type = map( object({ version = optional( string ) , config = optional( any ) } ) ) # checked below
  default     = {}
  nullable    = false
}

variable "pairs" {
  type = list(tuple([string, number, bool])) # checked below
  default     = []
  nullable    = false
}

variable "limits" {
  type = object({
    cpu = optional(string, "2000m"), memory = optional(string, "4Gi"),
    pods = optional(tuple([number, number]), [1, 10])
  }) # checked below
  default     = {}
  nullable    = false
}
