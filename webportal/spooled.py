"""Where the large files of a request lie while it is answered."""

from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, TemporaryFileUploadHandler


class Nameless(TemporaryFileUploadHandler):
    """Django's, whose file on the disk ends as the sender's does: what follows a name's last dot may be a person's."""

    def new_file(self, *args, **options):
        FileUploadHandler.new_file(self, *args, **options)
        self.file = TemporaryUploadedFile("film", self.content_type, 0, self.charset, self.content_type_extra)
        self.file.name = self.file_name
