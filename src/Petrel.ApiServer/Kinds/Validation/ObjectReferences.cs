using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Kinds.Validation;

/// <summary>The rules of references to objects of any kind (v1 TypedLocalObjectReference and those that extend it).</summary>
internal static class ObjectReferences
{
    /// <summary>Checks group, kind and name of a reference from an Ingress or IngressClass.</summary>
    public static void Local(JsonObject reference, string path, FieldErrors errors)
    {
        if (reference.Has("apiGroup") && NameSyntax.SubdomainProblem(reference.Text("apiGroup")) is { } groupProblem)
        {
            errors.Invalid($"{path}.apiGroup", reference.Text("apiGroup"), groupProblem);
        }
        foreach (var name in (ReadOnlySpan<string>)["kind", "name"])
        {
            if (reference.Text(name).Length == 0)
            {
                errors.Required($"{path}.{name}", $"{name} is required");
            }
            else if (NameSyntax.PathSegmentProblem(reference.Text(name)) is { } problem)
            {
                errors.Invalid($"{path}.{name}", reference.Text(name), problem);
            }
        }
    }
}
