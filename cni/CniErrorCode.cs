namespace Migration.Cni;

/// <summary>The specification's codes that we use. From <see cref="Private"/> on a code is ours: 100 plus the gRPC status that the node answered with.</summary>
internal enum CniErrorCode
{
    IncompatibleVersion = 1,
    InvalidEnvironment = 4,
    Io = 5,
    Decode = 6,
    InvalidConfiguration = 7,
    TryAgainLater = 11,

    /// <summary>STATUS: ADD cannot be served.</summary>
    NotAvailable = 50,
    Private = 100,
    Internal = 999,
}
