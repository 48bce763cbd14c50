using Petrel.Model.Documents;
using Petrel.Model.Schema;

namespace Petrel.ApiServer.Kinds;

/// <summary>Declares the types of Petrel's own kinds, which no generated table has.</summary>
internal static class PetrelTypes
{
    /// <summary>A kind's document: apiVersion, kind, metadata, and these.</summary>
    public static SchemaType Kind(string name, params SchemaField[] fields) =>
        Object(
            name,
            [
                Field("apiVersion", FieldKind.String),
                Field("kind", FieldKind.String),
                Field("metadata", FieldKind.Object) with
                {
                    Type = KubernetesSchemas.ByName("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"),
                },
                .. fields,
            ]
        );

    public static SchemaType Object(string name, params SchemaField[] fields) => new(name, _ => fields);

    public static SchemaField Field(string name, FieldKind kind) => new() { Name = name, Kind = kind };

    public static SchemaField Field(string name, SchemaType type) =>
        new()
        {
            Name = name,
            Kind = FieldKind.Object,
            Type = type,
        };

    public static SchemaField Map(string name, FieldKind kind) =>
        new()
        {
            Name = name,
            Kind = kind,
            IsMap = true,
        };

    public static SchemaField Needed(this SchemaField field) => field with { Required = true };
}
