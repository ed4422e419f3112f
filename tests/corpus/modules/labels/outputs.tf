output "id" {
  value       = var.enabled == false ? "" : local.id
  description = "The name"
}

output "tags" {
  value       = local.tags
  description = "Go to everything"
}

output "tags_as_list_of_maps" {
  value = local.list
}

output "normalized_context" {
  value = {
    for key in sort(keys(var.context)) :
    key => var.context[key]
    if var.context[key] != null
  }
}
