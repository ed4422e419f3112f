"""Publishes the module in a directory into a registry below ./data, without any server, and lists its versions."""

import io
import sys
from pathlib import Path

from terrareg_adapters.assembly import open_registry
from terrareg_adapters.terraform.packing import pack_directory
from terrareg_core.access.identities import Identity
from terrareg_core.identifiers import RequestedModuleProvider
from terrareg_core.modules.ports import UploadedArchive

owner, module, archive = Identity.administrator(), RequestedModuleProvider.parse("acme/vpc/aws"), io.BytesIO()
pack_directory(Path(sys.argv[1]), archive)
with open_registry() as registry:
    registry.publishing.upload(owner, module, "1.0.0", UploadedArchive("module.zip", archive))
    print(*registry.catalogue.versions(owner, module).versions)
