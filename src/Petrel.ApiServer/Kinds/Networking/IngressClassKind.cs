using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Networking;

/// <summary>networking.k8s.io/v1 IngressClass: which controller serves the Ingresses that name it.</summary>
internal static partial class IngressClassKind
{
    private const int MaxController = 250;

    public static KindDefinition Definition { get; } =
        KindDefinition.Create("networking.k8s.io", "v1", "IngressClass", "ingressclasses", namespaced: false) with
        {
            HasGeneration = true,
            Default = static value => value.Child("spec").Child("parameters")?.Fill("scope", "Cluster"),
            Validate = Validate,
            Columns =
            [
                Name,
                Shown("Controller", "What serves the class.", static o => o.Text("spec", "controller")),
                Shown("Parameters", "Where its settings are.", Parameters),
                Age,
            ],
        };

    private static string Parameters(JsonElement value)
    {
        if (!value.Has("spec", "parameters"))
        {
            return None;
        }
        string Part(string name) => value.Text("spec", "parameters", name);
        return $"{Part("kind")}{(value.Has("spec", "parameters", "apiGroup") ? $".{Part("apiGroup")}" : "")}/{Part("name")}";
    }

    private static void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var controller = value.Child("spec").Text("controller");
        if (old is not null && controller != old.Child("spec").Text("controller"))
        {
            errors.Invalid("spec.controller", controller, "field is immutable");
        }
        if (controller.Length > MaxController)
        {
            errors.TooLong("spec.controller", MaxController);
        }
        DomainPrefixedPath(controller, "spec.controller", errors);
        if (value.Child("spec").Child("parameters") is not { } parameters)
        {
            return;
        }
        const string path = "spec.parameters";
        ObjectReferences.Local(parameters, path, errors);
        switch (parameters.Text("scope"))
        {
            case "Cluster":
                if (parameters.Has("namespace"))
                {
                    errors.Forbidden($"{path}.namespace", "`parameters.scope` is set to 'Cluster'");
                }
                break;
            case "Namespace" when !parameters.Has("namespace"):
                errors.Required($"{path}.namespace", "`parameters.scope` is set to 'Namespace'");
                break;
            case "Namespace":
                if (NameSyntax.LabelProblem(parameters.Text("namespace")) is { } problem)
                {
                    errors.Invalid($"{path}.namespace", parameters.Text("namespace"), problem);
                }
                break;
            case var other:
                errors.NotSupported($"{path}.scope", other, "Cluster", "Namespace");
                break;
        }
    }

    private static void DomainPrefixedPath(string text, string path, FieldErrors errors)
    {
        if (text.Length == 0)
        {
            errors.Required(path);
            return;
        }
        if (text.Split('/', 2) is not [{ Length: > 0 } host, { Length: > 0 } rest])
        {
            errors.Invalid(path, text, "must be a domain-prefixed path (such as \"acme.io/foo\")");
            return;
        }
        if (NameSyntax.SubdomainProblem(host) is { } problem)
        {
            errors.Invalid(path, host, problem);
        }
        if (!HttpPath().IsMatch(rest))
        {
            errors.Invalid(path, rest, $"Invalid path (regex used for validation is '{HttpPath().ToString()[1..^1]}')");
        }
    }

    [GeneratedRegex(@"^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$")]
    private static partial Regex HttpPath();
}
