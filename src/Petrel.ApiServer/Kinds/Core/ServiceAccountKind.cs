using Petrel.Model;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Core;

/// <summary>v1 ServiceAccount.</summary>
internal static class ServiceAccountKind
{
    public static KindDefinition Definition { get; } =
        BuiltInKinds.Row("", "v1", "ServiceAccount", "serviceaccounts", namespaced: true) with
        {
            ShortNames = ["sa"],
            Subresources = [new("token", new GroupVersionKind("authentication.k8s.io", "v1", "TokenRequest"), ["create"])],
            Columns = [Name, Shown("Secrets", "How many secrets its pods may use.", static o => o.Count("secrets")), Age],
        };
}
