locals {
  defaults = {
    delimiter = "-"
    replace   = "/[^-a-zA-Z0-9]/"
  }
  parts = [for part in [var.namespace, var.tenant, var.environment, var.stage, var.name] : lower(part) if part != null && part != ""]
  id    = join(coalesce(var.delimiter, local.defaults.delimiter), concat(local.parts, var.attributes))
  tags  = { for key, value in merge(var.tags, { Name = local.id }) : title(key) => value if length(value) > 0 }
  list = flatten([
    for key in keys(local.tags) : merge(
      { key = key, value = local.tags[key] },
    var.additional_tag_map)
  ])
}

module "nested" {
  source = "./modules/name"
  parts  = local.parts
}
