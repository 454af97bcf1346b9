using System.Collections.Immutable;

namespace Tallystick.Testing.Data;

/// <summary>Words that realistic data is made of.</summary>
internal static class Vocabulary
{
    public static readonly ImmutableArray<string> FirstNames =
    [
        "Ann", "Ben", "Chloé", "David", "Elif", "Finn", "Grace", "Hana", "Ivan", "Julia", "Kenji", "Laura", "Mats", "Nora", "Omar", "Paula", "Quentin", "Rosa",
        "Søren", "Tara", "Uma", "Viktor", "Wanda", "Ximena", "Yusuf", "Zoë", "Amélie", "Bjørn", "Carlos", "Dagmar",
    ];

    public static readonly ImmutableArray<string> LastNames =
    [
        "Müller", "Smith", "García", "Rossi", "Nowak", "Jansen", "Silva", "Dubois", "Andersson", "O'Brien", "Yılmaz", "Tanaka", "Kowalski", "Novák", "Fischer",
        "Haddad", "Kim", "Nguyen", "Papadopoulos", "de Vries", "Larsen", "Costa", "Weber", "Singh", "Ivanova", "Baker", "Cohen", "Moreau", "Schneider", "Virtanen",
    ];

    public static readonly ImmutableArray<string> Companies =
    [
        "Northwind", "Alder", "Blue Harbour", "Copperfield", "Delta", "Evergreen", "Foxglove", "Granite", "Hollow Oak", "Ironbridge", "Juniper", "Kestrel",
        "Lighthouse", "Meridian", "Nimbus", "Osprey", "Pinewood", "Quarry", "Redstone", "Silverline",
    ];

    public static readonly ImmutableArray<string> Trades = ["Trading", "Tools", "Foods", "Books", "Textiles", "Garden", "Outdoor", "Electronics", "Paper", "Bikes"];

    public static readonly ImmutableArray<string> Goods =
    [
        "TEA", "CUP", "LAMP", "BOOK", "CHAIR", "PEN", "BAG", "SHOE", "CLOCK", "PLATE", "SOAP", "ROPE", "SAW", "SEED", "BIKE", "TENT", "DESK", "RUG", "VASE", "KITE",
    ];
}
