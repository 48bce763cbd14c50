using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;

namespace Petrel.ApiServer.Admission;

/// <summary>Refusals in the words of upstream's admission.</summary>
internal static class AdmissionErrors
{
    /// <summary><c>pods "web" is forbidden: WHY</c>, named as the object will be as far as that is known.</summary>
    public static StatusException Forbidden(AdmissionRequest request, string why) => StatusErrors.Forbidden(request.Kind, NameOf(request), why);

    /// <summary>The object's name, or what it is to be generated from.</summary>
    public static string NameOf(AdmissionRequest request)
    {
        if (request.Key.Name.Length > 0)
        {
            return request.Key.Name;
        }
        var metadata = request.Object.Child("metadata");
        return metadata.Text("name") is { Length: > 0 } name ? name : metadata.Text("generateName");
    }
}
