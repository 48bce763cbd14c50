using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Core;

/// <summary>v1 ServiceAccount.</summary>
internal static class ServiceAccountKind
{
    public static KindDefinition Definition { get; } =
        KindDefinition.Create("", "v1", "ServiceAccount", "serviceaccounts", namespaced: true) with
        {
            DeletionReturnsObject = true,
            ShortNames = ["sa"],
            Columns = [Name, Shown("Secrets", "How many secrets its pods may use.", static o => o.Count("secrets")), Age],
        };
}
