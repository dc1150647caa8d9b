using System.Net;
using Migration.Kubernetes;

namespace Migration.Controllers.Admission;

/// <summary>How a refusal is told: so that kubectl prints one line "field: message" for each field.</summary>
internal static class AdmissionStatus
{
    public static Status Of(AdmissionRequest request, Verdict verdict) => verdict.Message is { } message
        ? new Status { Outcome = "Failure", Code = (int)verdict.Code, Reason = Reason(verdict.Code), Message = message }
        : new Status
        {
            Outcome = "Failure",
            Code = (int)HttpStatusCode.UnprocessableEntity,
            Reason = "Invalid",
            Message = string.Join("; ", verdict.Errors),
            Details = new StatusDetails
            {
                Group = request.Kind?.Group,
                Kind = request.Kind?.Kind,
                Name = request.Name,
                Causes = [.. verdict.Errors.Select(error => new StatusCause { Reason = "FieldValueInvalid", Field = error.Path, Message = error.Message })],
            },
        };

    private static string Reason(HttpStatusCode code) => code switch
    {
        HttpStatusCode.TooManyRequests => "TooManyRequests",
        HttpStatusCode.Forbidden => "Forbidden",
        HttpStatusCode.Conflict => "Conflict",
        HttpStatusCode.NotFound => "NotFound",
        HttpStatusCode.BadRequest => "BadRequest",
        _ => "Invalid",
    };
}
