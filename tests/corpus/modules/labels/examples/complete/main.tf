module "label" {
  source = "../../"

  namespace  = "acme"
  attributes = ["blue"]
  context = {
    delimiter = "_"
  }
}

output "id" {
  value = module.label.id
}
