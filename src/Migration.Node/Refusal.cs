namespace Migration.Node;

/// <summary>Why a request is not carried out; each value is one gRPC code of the tables in protos/migration/node.</summary>
internal enum Refusal
{
    /// <summary>INVALID_ARGUMENT: the request can never work.</summary>
    Malformed,
    /// <summary>NOT_FOUND.</summary>
    Missing,
    /// <summary>FAILED_PRECONDITION: something else must happen first.</summary>
    NotNow,
    /// <summary>ABORTED: another operation on the same thing is in flight.</summary>
    Busy,
    /// <summary>UNAVAILABLE: the same call will work in a moment.</summary>
    Later,
    /// <summary>RESOURCE_EXHAUSTED.</summary>
    Full,
    /// <summary>UNIMPLEMENTED.</summary>
    Unsupported,
    /// <summary>PERMISSION_DENIED.</summary>
    Forbidden,
}
