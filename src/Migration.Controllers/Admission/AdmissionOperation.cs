namespace Migration.Controllers.Admission;

/// <summary>What is to be done to an object.</summary>
public static class AdmissionOperation
{
    public const string Create = "CREATE";
    public const string Update = "UPDATE";
    public const string Delete = "DELETE";
}
