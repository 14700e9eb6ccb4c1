"""What a workspace wants done about personal data. (A stand-in with the signature of the real one.)"""

from pydantic import BaseModel, ConfigDict


class PiiPolicy(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
